// refundflow's cloud function: the one place outside of WeChat's platform from
// which cloudPay can be reached. It does two things and keeps nothing:
//
//   called by refundflow over the HTTP API, {"action": ..., "params": {...}}:
//     hands params to cloudPay and returns its answer as it is;
//   called by WeChat Pay with the result of a refund:
//     hands the event, signed, to refundflow's callback address.
//
// It decides nothing about a refund. README.md says how to deploy it.
'use strict'

const cloud = require('wx-server-sdk')
const crypto = require('crypto')
const https = require('https')

cloud.init({ env: cloud.DYNAMIC_CURRENT_ENV })

// Mini-programs can call every cloud function of their environment, and with it
// this one. Who has called is the platform's word (getWXContext().SOURCE, a chain
// when functions call each other), not the caller's: nothing else is let in.
const FROM_HTTP_API = 'wx_http'
const FROM_WECHAT_PAY = 'wx_paycallback'

// What each action hands to cloudPay. A field that is not listed is refused, so
// that a newer refundflow never has half of its request dropped in silence.
const ORDER = ['subMchId', 'nonceStr', 'transactionId', 'outTradeNo']
const ACTIONS = {
  refund: [...ORDER, 'subAppid', 'outRefundNo', 'totalFee', 'refundFee', 'refundFeeType', 'refundDesc',
    'refundAccount', 'functionName', 'envId'],
  queryRefund: [...ORDER, 'outRefundNo', 'refundId', 'offset'],
  queryOrder: ORDER,
}

// A receiver that does not answer in time hears it again from WeChat Pay.
const FORWARD_TIMEOUT_MS = 4000

exports.main = async (event) => {
  const source = cloud.getWXContext().SOURCE
  if (source === FROM_WECHAT_PAY) return forward(event)
  if (source !== FROM_HTTP_API) return refused('only the HTTP API and WeChat Pay may call this function')
  return call(event)
}

// refused says that cloudPay was not called: refundflow may rely on that.
const refused = (why) => ({ errCode: -1, errMsg: why, refused: true })

async function call({ action, params } = {}) {
  const fields = Object.prototype.hasOwnProperty.call(ACTIONS, action) && ACTIONS[action]
  if (!fields) return refused('action: want one of ' + Object.keys(ACTIONS).join(', '))
  if (params === null || typeof params !== 'object') return refused('params: want an object')
  const unknown = Object.keys(params).filter((name) => !fields.includes(name))
  if (unknown.length > 0) return refused('params: this function does not know ' + unknown.join(', ') + '; deploy the one of your refundflow')
  try {
    return await cloud.cloudPay[action](params)
  } catch (error) {
    // What was thrown may have been thrown after the money moved: not refused.
    return { errCode: Number.isInteger(error.errCode) ? error.errCode : -1, errMsg: String(error.errMsg || error.message) }
  }
}

async function forward(event) {
  const url = process.env.REFUNDFLOW_CALLBACK_URL
  const secret = process.env.REFUNDFLOW_CALLBACK_SECRET
  if (!url || !secret) return { errcode: 1, errmsg: 'REFUNDFLOW_CALLBACK_URL and REFUNDFLOW_CALLBACK_SECRET are not set' }
  const body = JSON.stringify(event)
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = crypto.createHmac('sha256', secret).update(timestamp + '.' + body).digest('hex')
  try {
    const answer = JSON.parse(await post(url, body, {
      'Content-Type': 'application/json',
      'X-Refundflow-Timestamp': timestamp,
      'X-Refundflow-Signature': signature,
    }))
    if (answer.errcode === 0) return { errcode: 0, errmsg: 'ok' }
    return { errcode: 1, errmsg: 'refundflow did not take the callback' }
  } catch (error) {
    return { errcode: 1, errmsg: 'refundflow could not be reached: ' + error.message }
  }
}

function post(url, body, headers) {
  return new Promise((resolve, reject) => {
    const request = https.request(url, { method: 'POST', headers, timeout: FORWARD_TIMEOUT_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece) => { text += piece })
      response.on('error', reject)
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error('HTTP ' + response.statusCode))))
    })
    request.on('timeout', () => request.destroy(new Error('no answer in time')))
    request.on('error', reject)
    request.end(body)
  })
}
